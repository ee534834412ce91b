"""The paper's 1-D study with controls."""
