"""Columns of the objects of an inventory: one list for report tables and DataFrames."""
