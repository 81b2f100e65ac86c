"""What insights answers with, and how several sources become one list."""
