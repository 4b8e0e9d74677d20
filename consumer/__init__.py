"""Reads images from a folder or from Kafka and drives the engine."""
