"""The back office: everything readable, and every change an action of its module."""
