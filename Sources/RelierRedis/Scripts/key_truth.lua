-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- What became of a claim on another partition's key by a task of this one.
--
-- A task whose push has not come may still come; once its reservation is old enough it is refused from now on.
-- ARGV: settings · 'k' or 'g' · hash · owner · token of the claim · '1' when it is old enough.
-- Answers 'h' when it stands, 'y' when it may still come, 'n' when nothing is left of it, or what the key's own record is now and when that ends.
local letter, hash, owner, token = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if letter == 'g' then
    local name = HAND .. hash .. owner
    local record = readKey(name)
    if not record then return 'n' end
    if record.state == 2 and record.until_ > now then return { call('GET', name), string.format('%.0f', record.until_) } end
    return isHeld(record) and 'h' or 'n'
end
local record = readKey(KEY .. hash)
if record and record.owner ~= owner then record = nil end
if record and record.state == 2 and record.until_ > now then
    return { pack('>Bc16I4I7', 2, owner, 0, record.until_), string.format('%.0f', record.until_) }
end
if record and isHeld(record) then return 'h' end
if not record or sub(record.rest, 17, 24) ~= token then
    if ARGV[6] ~= '1' then return 'y' end
    call('SET', P .. ':kx:' .. owner .. token, '', 'PX', 86400000)
end
if not record or record.state == 2 then return 'n' end
local ends = record.state == 0 and record.until_ or later(retention().dead)
if ends <= now then return 'n' end
return { pack('>Bc16I4I7', 0, owner, 0, ends) .. sub(record.rest, 1, 16), string.format('%.0f', ends) }
