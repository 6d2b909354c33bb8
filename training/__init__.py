"""Trains, measures, exports and publishes; not needed to predict."""
