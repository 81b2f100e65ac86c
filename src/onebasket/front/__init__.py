"""What shoppers' screens share: pictures, names and sizes, price tags, where goods are, and how figures are written."""
