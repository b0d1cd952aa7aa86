-- Loads the products that tap-akeneo writes into PostgreSQL 14 or newer, and prints the state:
--   bash run.sh psql --no-psqlrc --quiet --tuples-only --no-align --file=products.sql
\set ON_ERROR_STOP on
\encoding UTF8
set client_min_messages = warning;
create schema if not exists akeneo;
create table if not exists akeneo.products (
  uuid text primary key, identifier text, enabled boolean, family text, categories jsonb, groups jsonb, parent text,
  root_parent text, "values" jsonb, associations jsonb, quantified_associations jsonb, created timestamptz,
  updated timestamptz, metadata jsonb, quality_scores jsonb, completenesses jsonb, readiness jsonb,
  workflow_execution_statuses jsonb, proposal_review_status jsonb, additional_fields jsonb
);
create temp table messages (n bigint generated always as identity, line json);
-- Each line is one value, because JSON has neither this delimiter nor this quote.
\copy messages (line) from pstdin with (format csv, delimiter e'\x02', quote e'\x01')
begin;
do $$ begin
  if exists (select from messages where line ->> 'type' = 'BATCH'
             or line ->> 'type' = 'RECORD' and line ->> 'stream' <> 'products')
  then raise 'only the stream products can be loaded, and no batch files: check the catalog of the tap'; end if;
end $$;
select format('insert into akeneo.products select distinct on (r.uuid) r.* from messages,
  json_populate_record(null::akeneo.products, line -> ''record'') r where line ->> ''type'' = ''RECORD''
  order by r.uuid, n desc on conflict (uuid) do update set %s', string_agg(format('%1$I = excluded.%1$I', attname), ', '))
from pg_attribute where attrelid = 'akeneo.products'::regclass and attnum > 0 and not attisdropped \gexec
commit;
select line -> 'value' from messages where line ->> 'type' = 'STATE' order by n desc limit 1;
