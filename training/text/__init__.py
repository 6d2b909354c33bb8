"""What the language identifier reads to learn: public packages, how their text is read, cleaned and kept apart."""
