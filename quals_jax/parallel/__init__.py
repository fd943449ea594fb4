"""Devices and batches: meshes, rows split over devices, shapes that recur."""
