"""engineers: the stack of the customer's own people."""
