"""The stack's life: plan, apply, watch, read, take down."""
