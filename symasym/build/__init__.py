"""What stands in `generated/`: made from the derivations, checked, compared with what is committed."""
