"""Certificates kept fresh (AWS Certificate Manager): requested, exported, renewed and imported."""
