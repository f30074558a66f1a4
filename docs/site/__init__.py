"""What the site needs beside Sphinx: help of commands, modules, formulas, links out of docs/."""
