"""What the product does, by feature area: plan_x changes nothing, apply does; results are values."""
