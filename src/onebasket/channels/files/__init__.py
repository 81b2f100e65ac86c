"""Receipt files: JSON lines, CSV with a mapping, ARTS POSLog. Readers only; what is read is booked by others."""
