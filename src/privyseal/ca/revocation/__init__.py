"""Taking certificates back, and saying so: revoking, CRLs, OCSP."""
