"""What Python's garbage collector looks at, in processes that serve readers or editors.

The rule to remember: a collection stops the loop, for 20 ms among the modules alone and for 100 ms with every wire in
memory. So what was there at the start is never looked at again, and what a wire holds never was: values that cannot
form a cycle say so (`gc=False` in domain/alert.py, revision.py and ticker.py) and go as soon as nobody refers to them.
"""

import gc


def keep_what_is_here() -> None:
    """Clean up once, and count everything that is left as there for good. Called before the loop begins."""
    gc.collect()
    gc.freeze()
