"""The double-entry journal: what each fact and payment did to money and to points."""
