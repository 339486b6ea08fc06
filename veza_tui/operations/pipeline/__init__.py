"""The guide's pipeline: four stages whose steps gate each other."""
