"""The shell scripts of RUN instructions: commands, words, and how they are taken apart."""
