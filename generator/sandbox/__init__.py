"""The sandbox: MiniStack and what it lacks. docs/explanation/sandbox.md says what is imitated and what is not."""
