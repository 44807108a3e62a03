"""What a table calls with its owner's rights, whoever changes a row, as parts of the query of `postgresql_owned`.

Autovacuum calls the functions in an index and in extended statistics, and the difference function of a range that it
analyzes. A foreign key's action changes rows as the table's owner, with the triggers, defaults, checks, generated
columns and partition keys of that table, and with the default and the checks of the domains of its columns. A foreign
key looks for rows as the owner of the table that it looks into, and casts the key for it. Each was seen
to run so on the tests' PostgreSQL. Policies of row security are not asked there, and all else runs with the rights of
whoever asks. A function of an extension counts as the server's own.
"""

from __future__ import annotations


def identity_of(class_id: str, object_id: str) -> str:
    """The object's name with its schema, quoted, as a statement has it."""
    return f"(pg_catalog.pg_identify_object({class_id}, {object_id}, 0)).identity"


_FIRST_OF_USERS = 16384  # the least OID of what is not the server's own (access/transam.h)
_TABLE = identity_of("'pg_class'::regclass", "c.oid")
_DROP_CONSTRAINT = f"'ALTER TABLE ' || {_TABLE} || ' DROP CONSTRAINT ' || quote_ident(%s.conname)"
_ACTS = "(f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd'))"
CASCADES = (
    f"""EXISTS (SELECT FROM pg_catalog.pg_constraint AS f WHERE f.contype = 'f' AND f.conrelid = c.oid AND {_ACTS})"""
)
"""Of the table c: a foreign key's action changes its rows, or deletes them."""
_ROUTINE = """e.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS n
  WHERE n.classid = e.refclassid AND n.objid = e.refobjid AND n.deptype = 'e')"""
"""Of the dependency e: it is on a routine that is neither the server's nor an extension's."""
_CODE = f"""WITH RECURSIVE code(type) AS (
  SELECT t.oid FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid
  JOIN pg_catalog.pg_depend AS e ON e.classid = 'pg_type'::regclass AND e.objid = t.oid
    OR e.classid = 'pg_constraint'::regclass AND e.objid = k.oid
  WHERE t.typtype = 'd' AND {_ROUTINE}
  UNION SELECT t.oid FROM code
  JOIN pg_catalog.pg_depend AS e ON e.refclassid = 'pg_type'::regclass AND e.refobjid = code.type
  LEFT JOIN pg_catalog.pg_constraint AS k ON e.classid = 'pg_constraint'::regclass AND k.oid = e.objid
  JOIN pg_catalog.pg_type AS t ON e.classid = 'pg_type'::regclass AND t.oid = e.objid
    OR e.classid = 'pg_class'::regclass AND t.typrelid = e.objid OR t.oid = k.contypid)"""
"""Domains whose default or checks call a routine, and types made of them: a cast to one calls it."""
EXPRESSIONS = f"""{_CODE}
SELECT u.rolname, pg_catalog.pg_describe_object(e.classid, e.objid, 0), CASE
  WHEN v.oid IS NOT NULL THEN {_DROP_CONSTRAINT % "v"}
  WHEN i.indexrelid IS NOT NULL THEN 'DROP INDEX ' || {identity_of("e.classid", "e.objid")}
  WHEN x.oid IS NOT NULL THEN 'DROP STATISTICS ' || {identity_of("e.classid", "e.objid")}
  WHEN k.oid IS NOT NULL THEN {_DROP_CONSTRAINT % "k"}
  WHEN y.conname IS NOT NULL THEN {_DROP_CONSTRAINT % "y"}
  ELSE 'ALTER TABLE ' || {_TABLE} || ' ALTER ' || quote_ident(b.attname) || ' DROP '
    || CASE b.attgenerated WHEN '' THEN 'DEFAULT' ELSE 'EXPRESSION' END END
FROM pg_catalog.pg_depend AS e
LEFT JOIN pg_catalog.pg_index AS i ON e.classid = 'pg_class'::regclass AND i.indexrelid = e.objid
LEFT JOIN pg_catalog.pg_constraint AS v ON v.conindid = i.indexrelid AND v.contype = 'x'
LEFT JOIN pg_catalog.pg_statistic_ext AS x ON e.classid = 'pg_statistic_ext'::regclass AND x.oid = e.objid
LEFT JOIN pg_catalog.pg_constraint AS k ON e.classid = 'pg_constraint'::regclass AND k.oid = e.objid
LEFT JOIN pg_catalog.pg_attrdef AS a ON e.classid = 'pg_attrdef'::regclass AND a.oid = e.objid
LEFT JOIN pg_catalog.pg_attribute AS b ON b.attrelid = a.adrelid AND b.attnum = a.adnum
LEFT JOIN pg_catalog.pg_partitioned_table AS q
  ON e.classid = 'pg_class'::regclass AND e.objsubid = 0 AND q.partrelid = e.objid
LEFT JOIN LATERAL (SELECT f.conname, f.conrelid FROM pg_catalog.pg_constraint AS f
  WHERE f.contype = 'f' AND f.conparentid = 0 AND {_ACTS}
  AND f.conrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree(q.partrelid)) ORDER BY 1 LIMIT 1) AS y ON true
JOIN pg_catalog.pg_class AS c ON c.oid = coalesce(i.indrelid, x.stxrelid, k.conrelid, a.adrelid, y.conrelid)
JOIN pg_catalog.pg_roles AS u ON u.oid = c.relowner
WHERE ({_ROUTINE} OR e.refclassid = 'pg_type'::regclass AND e.refobjid IN (SELECT type FROM code))
AND (i.indexrelid IS NOT NULL OR x.oid IS NOT NULL OR y.conname IS NOT NULL OR {CASCADES})"""
FOREIGN_KEYS = f"""{_CODE}
SELECT u.rolname, pg_catalog.pg_describe_object('pg_constraint'::regclass, f.oid, 0), {_DROP_CONSTRAINT % "f"}
FROM pg_catalog.pg_constraint AS f JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid
JOIN pg_catalog.pg_attribute AS b ON b.attrelid = f.conrelid AND b.attnum = ANY (f.conkey)
JOIN pg_catalog.pg_roles AS u ON u.oid = c.relowner
WHERE f.contype = 'f' AND {_ACTS} AND b.atttypid IN (SELECT type FROM code)"""
CASTS = f"""WITH RECURSIVE base(type, whose) AS (
  SELECT oid, oid FROM pg_catalog.pg_type
  UNION SELECT t.typbasetype, base.whose FROM base
  JOIN pg_catalog.pg_type AS t ON t.oid = base.type AND t.typtype = 'd')
SELECT u.rolname, pg_catalog.pg_describe_object('pg_constraint'::regclass, f.oid, 0), {_DROP_CONSTRAINT % "f"}
FROM pg_catalog.pg_constraint AS f CROSS JOIN LATERAL (SELECT array_agg(base.type) AS types
  FROM pg_catalog.pg_attribute AS b JOIN base ON base.whose = b.atttypid
  WHERE b.attrelid = f.conrelid AND b.attnum = ANY (f.conkey)
  OR b.attrelid = f.confrelid AND b.attnum = ANY (f.confkey)) AS keys
JOIN pg_catalog.pg_cast AS m ON m.castsource = ANY (keys.types)
  AND (m.castsource >= {_FIRST_OF_USERS} OR m.casttarget = ANY (keys.types))
JOIN pg_catalog.pg_depend AS e ON e.classid = 'pg_cast'::regclass AND e.objid = m.oid
JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid JOIN pg_catalog.pg_class AS g ON g.oid = f.confrelid
JOIN pg_catalog.pg_roles AS u ON u.oid IN (c.relowner, g.relowner)
WHERE f.contype = 'f' AND {_ROUTINE}"""
RANGES = f"""WITH RECURSIVE ranges(type) AS (
  SELECT t.oid FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_depend AS e ON e.classid = 'pg_type'::regclass AND e.objid = t.oid
  WHERE t.typtype = 'r' AND {_ROUTINE}
  UNION SELECT t.oid FROM ranges
  JOIN pg_catalog.pg_depend AS e ON e.refclassid = 'pg_type'::regclass AND e.refobjid = ranges.type
  JOIN pg_catalog.pg_type AS t ON e.classid = 'pg_type'::regclass AND t.oid = e.objid AND t.typtype IN ('d', 'm'))
SELECT u.rolname, pg_catalog.pg_describe_object('pg_class'::regclass, c.oid, b.attnum),
  'ALTER TABLE ' || {_TABLE} || ' ALTER ' || quote_ident(b.attname) || ' SET STATISTICS 0'
FROM pg_catalog.pg_attribute AS b JOIN ranges ON ranges.type = b.atttypid
JOIN pg_catalog.pg_class AS c ON c.oid = b.attrelid JOIN pg_catalog.pg_roles AS u ON u.oid = c.relowner
WHERE c.relkind IN ('r', 'p', 'm') AND coalesce(b.attstattarget, -1) <> 0"""
