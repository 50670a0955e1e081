"""The shared climate compensation fund (gemensamma klimatkompensationsfonden): what flows in, and what is taken out."""
