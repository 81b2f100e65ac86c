"""When shoppers may collect: weekly plans of places, and slots whose room is never promised twice."""
