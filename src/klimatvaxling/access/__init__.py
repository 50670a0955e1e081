"""Access: who may do what, and see what."""
