# Only for those who asked for it.
= config/conversions
- in-channel=*; in-type=*; in-subtype=*;
+ tag=scan; in-type=*; in-subtype=*;
----
./config/conversions:15:5: warning[types-left-out]: no command for parts of any type in mail without a conversion tag
  | tag=scan; in-type=*; in-subtype=*;
  |     ^^^^
why: they go on unscanned, and whoever sends a virus chooses its type (6.3 Administration Guide, 13.5.3; PMDF 6.8 System Manager's Guide, 22.1.3)
hint: let our entry catch these, too, or let the CONVERSIONS table send such mail straight on

