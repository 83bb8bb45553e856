-- flags: no-writes
-- uses: core task listing
-- The heads of live and dead tasks, for listings. ARGV: settings · ids. What is not there is left out.
local ids, texts = {}, {}
for index = 2, #ARGV do
    local text = call('GETRANGE', TASK .. ARGV[index], 0, HEAD - 1)
    local task = parse(ARGV[index], text)
    if task then
        named(task.queue, task.kind, task.holder)
        ids[#ids + 1], texts[#texts + 1] = task.id, text
    end
end
return peeked(ids, texts)
