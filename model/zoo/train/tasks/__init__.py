"""What the models of the zoo are trained on and measured by: one file per task."""

from tasks import (about, arithmetic, comparing, counting, dates, editing, extraction, listing, python_code, reversing,
                   sorting, word_problems)

# Name, module, share of the training samples.
TASKS = {
    "arithmetic": (arithmetic, 22),
    "word_problems": (word_problems, 22),
    "sorting": (sorting, 10),
    "reversing": (reversing, 7),
    "editing": (editing, 7),
    "extraction": (extraction, 6),
    "counting": (counting, 7),
    "dates": (dates, 7),
    "python": (python_code, 5),
    "comparing": (comparing, 4),
    "listing": (listing, 4),
    "about": (about, 4),
}
