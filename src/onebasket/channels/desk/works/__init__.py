"""What can be changed in the back office: each work is a page with a form that calls one module's action."""
