"""An order's request, refusals and life: decisions over frozen values."""
