"""Fine-tuning: encoders that learn from the table before they embed it."""
