"""netlift: from raw customer data to approved campaigns and measured sales."""
