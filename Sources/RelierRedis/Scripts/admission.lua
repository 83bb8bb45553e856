-- flags: allow-oom
-- uses: core task names ready_key backlog
-- The open window and the backlog. ARGV: settings · '1' to end the window.
-- Answers: admitted, limit, length and time left of the window, or '' for each · backlog · age of the oldest or ''.
if ARGV[2] == '1' then
    call('DEL', P .. ':adm')
    return 1
end
local window = { '', '', '', '' }
local stored = call('GET', P .. ':adm')
if stored then
    local start, length, admitted, limit = unpack_of('>I8I8I8I8', stored)
    if now < start + length then
        window = { string.format('%.0f', admitted), string.format('%.0f', limit), string.format('%.0f', length),
            string.format('%.0f', start + length - now) }
    end
end
local oldest = oldestWaitingOfAll()
return { window[1], window[2], window[3], window[4], backlogOfAll(), oldest and string.format('%.0f', math.max(0, now - oldest)) or '' }
