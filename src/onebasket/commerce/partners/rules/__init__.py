"""Decisions about partners: what a gateway is asked and answers, what is sold for whom, what is due from whom."""
