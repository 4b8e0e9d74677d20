"""Draws the sample photos: places, weather, passers-by and a cheap camera, from numbers alone."""
