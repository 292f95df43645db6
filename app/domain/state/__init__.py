"""The stored shapes of a case, by what they speak of.

The order of fields is a contract with every row already written: rows hold them as arrays (half the bytes of maps), so
fields are only ever appended, with a default, never moved, removed or given another meaning. Amounts are integer minor
units of the currency that the object states or, where it states none, of the order. Times are aware datetimes in UTC.

A case is a tree: nothing in it points back, so no part of it is shown to the garbage collector (`gc=False`), which then
has half as much to look at.
"""
