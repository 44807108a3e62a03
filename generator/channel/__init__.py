"""The Session Manager data channel: wire format, delivery, multiplexing, ports and shells. Makes no AWS calls."""
