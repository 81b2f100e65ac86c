"""The open-platform protocol of marketplaces such as AliExpress and Lazada: signed calls, nested envelopes, pushes."""
