"""SELECTs that are allowed and run, over two tables with columns that they name."""

from datetime import UTC, datetime

import pyarrow as pa

AT = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = {
    "users": pa.table(
        {"user": ["a", "b"], "age": [30, None], "tags": ["x,y", ""], "since": [AT, AT]}
    ),
    "visits": pa.table({"user": ["a", "a"], "place": ["p", "q"], "at": [AT, AT], "n": [1.5, 2.0]}),
}
SELECTS = [
    "select age, cast(1D as timestamp) as d, 2.5D as e from users where age between 1L and 90",
    "select `age`, x.tags, 10L as l, 1e3 as e, 'it''s' as t, \"u\" as q from users x",
    "select age::decimal(10,2) as d, cast(age as decimal(5,1)) as c from users",
    "select try_cast(tags as int) as i, date '2020-01-01' as d from users",
    "select timestamp '2020-01-01 00:00:00' as t, since + interval 1 day as u from users",
    "select trim(both 'x' from tags) as t, year(since) as y from users",
    "select substring(tags from 1 for 2) as s, instr(tags, 'y') as p from users",
    "select split(tags, ',')[0] as s, if(age is null, 0, age) as i from users",
    "select case age when 30 then 2 else 3 end as c, tags rlike 'x' as r from users",
    "select age div 7 as d, age <=> 30 as e, tags like any ('x%', 'y%') as l from users",
    "select count(distinct user) as d, sum(n) filter (where n > 1) as s from visits",
    "select sum(n) over (partition by user order by place rows 1 preceding) s from visits",
    "select sum(n) over w as s from visits window w as (order by place) qualify rank() over w = 1",
    "select percentile_cont(0.5) within group (order by n) as m from visits having count(*) > 1",
    "with a as (select 1 as x), b as (select * from a) select * from b union select * from a",
    "with users as (select * from users) select user from USERS",
    "with visits as (select user from users) select * from visits where user is not null",
    "select u.user from users u left anti join visits v on u.user = v.user cross join (select 1)",
    "select user, e.tag from users lateral view outer explode(split(tags, ',')) e as tag",
    "select user, explode(split(tags, ',')) from users where user in (select user from visits)",
    "select user from users where exists (select 1 from visits where visits.user = users.user)",
    "select v.a from values (1), (2) as v(a) order by a desc nulls last limit 3 offset 1",
    "select * except (age) from users; ",
    "from users select user",
    "(select user from users) except select user from visits",
    "select max_by(place, n) as m, avg(n) as a, min(at) as f from visits group by user",
    "select md5(user) as m, concat_ws('|', user, tags) as c, coalesce(age, 0) as a from users",
    "select user -- ; copy users to 'x'\n from users /* now() */",
    "select user -- x \\\n, age from users",
]
