"""The Session Manager data channel: wire format, reliability, multiplexing, ports and shells. Makes no AWS calls."""
