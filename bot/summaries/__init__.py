"""Tables for people: texts and workbooks made from the numbers of notices."""
