"""What can be sold, in which unit, and by which code it is found."""
