"""A person's own table: texts with labels or series of numbers, read, checked, hashed and split once and for all."""
