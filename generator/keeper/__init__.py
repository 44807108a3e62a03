"""The code that runs inside the customer's account, in the stack's own function. It imports no other room."""
