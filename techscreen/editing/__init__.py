"""Changes of people: imports and exports."""
