"""The code that runs inside the customer's account, in the stack's own function. It imports no other room.

`index.py` has comments where other modules have docstrings, and few: the template has its text as it is, for people to
read what runs in their account, and each character counts in the form that is sent, of at most 51,200 bytes.
"""
