"""What is wrong with a template: cfn-lint in process, and the product's own rules."""
