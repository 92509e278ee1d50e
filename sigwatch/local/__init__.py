"""The embedded Logs Insights: CloudWatch Logs over HTTP, in one process, for demos and tests.

A line may import the lines below it, never those above.

```
server                                   HTTP, threads, the control routes under /_local
protocol                                 one request: which operation, what goes wrong, how the answer looks
operations, filtering, search            what each operation does: groups and events; FilterLogEvents; queries
service, requests                        the parts of a server; the parameters of a request
queries                                  the life of a query: statuses, limits, partial views
evaluate < records                       from visible events to rows
grammar < expressions < cursor < lexer   from text to a query
functions, values                        what queries compute, and what with
syntax                                   a query as a value
faults, settings, pointers               what goes wrong on purpose; how it behaves otherwise; opaque strings
logs                                     groups, streams, events
patterns                                 regular expressions
errors                                   how the service says no
```
"""
