import Foundation
import Relier
import Testing

/// What a worker does with a stored payload: decodes it and runs the body.
private func run<Task: RelierTask>(_ type: Task.Type, _ payload: String) async throws -> Task.Output {
    try await JSONDecoder().decode(type, from: Data(payload.utf8)).run(.named(type.name))
}

private func json(_ task: some RelierTask) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(task), as: UTF8.self)
}

@Suite struct DeclarationTests {
    @Test func asynchronousBodies() async throws {
        #expect(try await $asyncThrowingValue(left: 1, right: 2).run(.named("")) == Sum(value: 3))
        #expect(try await $asyncThrowingNothing(fails: false).run(.named("")) == NoOutput())
        await #expect(throws: Refused.self) { try await run($asyncThrowingNothing.self, #"{"fails":true}"#) }
        #expect(await $asyncValue("a").run(.named("")) == "a!")
        #expect(await $asyncNothing().run(.named("")) == NoOutput())
        #expect(try await run($typedThrows.self, #"{"value":3}"#) == 3)
        await #expect(throws: Refused()) { try await run($typedThrows.self, #"{"value":-3}"#) }
        #expect(try await run($onMainActor.self, #"{"x":3}"#) == 3)
    }

    @Test func synchronousBodiesAreBlockingTasks() throws {
        let blocking: [any BlockingRelierTask.Type] = [
            $blockingThrowingValue.self, $blockingThrowingNothing.self, $blockingValue.self, $blockingNothing.self,
        ]
        #expect(blocking.map { $0.name } == ["blockingThrowingValue", "blockingThrowingNothing", "blockingValue", "blockingNothing"])
        let asynchronous: any RelierTask.Type = $asyncValue.self
        #expect(!(asynchronous is any BlockingRelierTask.Type))
        #expect(try $blockingThrowingValue(of: 4).run(.named("")) == 8)
        #expect(throws: Refused.self) { try $blockingThrowingValue(of: -1).run(.named("")) }
        #expect(throws: Refused.self) { try $blockingThrowingNothing(fails: true).run(.named("")) }
        #expect($blockingValue(value: 0).run(.named("")) == nil)
        #expect($blockingNothing().run(.named("")) == NoOutput())
    }

    @Test func theContextIsInjectedWhereverItStands() async throws {
        #expect(try await run($contextFirst.self, #"{"x":1}"#) == "contextFirst 1")
        #expect(try await run($contextBetween.self, #"{"x":1,"y":2}"#) == "contextBetween 1 2")
        #expect(try await run($contextUnnamed.self, #"{"x":1}"#) == 1)
        #expect(try await run($contextIsAnArgumentToo.self, #"{"context":"c"}"#) == "c contextIsAnArgumentToo")
        #expect($contextBetween.parameters == ["x", "y"])
        #expect(try json($contextBetween(x: 1, y: 2)) == #"{"x":1,"y":2}"#)
        #expect($contextIsAnArgumentToo.parameters == ["context"])
    }

    @Test func declaredDefaultsStandInForMissingKeys() async throws {
        #expect(try await run($defaults.self, #"{"id":"a"}"#) == "a 42 [] - none small -1")
        let explicit = #"{"id":"a","count":1,"tags":["t"],"note":"n","mark":null,"size":"large","plain":5}"#
        #expect(try await run($defaults.self, explicit) == #"a 1 ["t"] n - large 5"#)
        #expect($defaults(id: "a", plain: nil).run(.named("")) == "a 42 [] - none small -1")
        await #expect(throws: DecodingError.self) { try await run($defaults.self, "{}") }
        await #expect(throws: DecodingError.self) { try await run($defaults.self, #"{"id":"a","count":null}"#) }
        await #expect(throws: DecodingError.self) { try await run($asyncNothing.self, "[]") }
    }

    /// What was given is what the body gets, also a `nil` where the default is something else.
    @Test func roundTrip() throws {
        let tasks = [
            $defaults(id: "a", plain: nil), $defaults(id: "a", mark: nil, plain: 1), $defaults(id: "a", note: "n", nested: 3, plain: nil),
            $defaults(id: "a", count: 0, tags: ["x", "y"], size: .large, nested: nil, plain: nil),
        ]
        for task in tasks {
            let copy = try JSONDecoder().decode($defaults.self, from: Data(try json(task).utf8))
            #expect(copy.run(.named("")) == task.run(.named("")))
            #expect(copy.nested == task.nested)
            #expect(try json(copy) == json(task))
        }
    }

    @Test func anOptionalThatIsNotSetIsNotWritten() throws {
        #expect(try json($defaults(id: "a", plain: nil)) == #"{"count":42,"id":"a","mark":"none","size":"small","tags":[]}"#)
        #expect(try json($defaults(id: "a", mark: nil, plain: nil)).contains(#""mark":null"#))
    }

    @Test func keywordsAsNames() async throws {
        let payload = #"{"in":1,"for":"","default":2,"place":3,"start":4,"class":5,"type":6}"#
        #expect(try await run($keywords.self, payload) == 21)
        #expect($keywords.parameters == ["in", "for", "default", "place", "start", "class", "type"])
        #expect($keywords(in: 1, for: "", default: 1, where: 1, init: 1, 1, type: 1).run(.named("")) == 6)
        #expect(try await run($keywordNamed.self, #"{"init":1,"Type":2,"repeat":3}"#) == 6)
        #expect($repeat.name == "repeat")
        #expect($repeat(times: 3).run(.named("")) == 3)
    }

    @Test func argumentsNamedAsMembersOrAsTheFunction() async throws {
        #expect(try await run($run.self, #"{"run":1,"name":"","options":[],"parameters":3,"encode":4}"#) == 5)
        #expect(try await run($total.self, #"{"total":9}"#) == "total 9")
        #expect($run.name == "run")
    }

    @Test func ownershipAndDictionaries() async throws {
        #expect($ownership(x: "", y: [1, 2], z: Sum(value: 1)).run(.named("")) == 2)
        let task = $dictionaries(sizes: [.small: 1, .large: 2], names: ["a": [1: "b"]], others: [1])
        #expect(try json(task) == #"{"names":{"a":{"1":"b"}},"others":[1],"sizes":{"large":2,"small":1}}"#)
    }

    @Test func optionsAreThoseOfTheMacro() throws {
        let options = $withEverything.options
        #expect($withEverything.name == "with-everything")
        #expect(options.queue == "letters")
        #expect(options.idempotent == .key("id", ttl: .hours(2)))
        #expect(options.softTimeout == .seconds(30))
        #expect(options.hardTimeout == .seconds(60))
        #expect(options.onSoftTimeout != nil)
        #expect(options.retry.maxAttempts == 3)
        #expect(options.version == 4)
        #expect(options.resultTTL == .seconds(86_400))
        #expect($asyncNothing.options.queue == .default)
        #expect($packageAccess.options.onSoftTimeout != nil)
    }

    @Test func accessLevelsAndAvailability() async throws {
        #expect(hidden.map { $0.name } == ["fileprivateAccess", "privateAccess"])
        #expect(await $packageAccess(x: 1).run(.named("")) == 1)
        #expect(await $available(x: 1).run(.named("")) == 1)
        #expect(try await run($notFromAsync.self, #"{"x":2}"#) == 2)
        #expect($withOtherAttributes(x: 1).run(.named("")) == 1)
    }

    @Test func staticFunctions() async throws {
        let types: [any RelierTask.Type] = [
            Warehouse.$count.self, Warehouse.Cellar.$air.self, Warehouse.Cellar.$light.self, Office.$open.self, Office.$close.self,
            Desk.$tidy.self, Window.$show.self, Window.$hide.self,
        ]
        #expect(
            types.map { $0.name } == [
                "Warehouse.count", "Warehouse.Cellar.air", "Warehouse.Cellar.light", "Office.open", "Office.close", "Desk.tidy",
                "Window.show",
                "Window.hide",
            ])
        #expect(try await run(Warehouse.$count.self, #"{"shelf":{"number":3}}"#).count == 2)
        #expect(try await Warehouse.$count(on: .init(), limit: 1).run(.named("")).count == 1)
        #expect(Warehouse.Cellar.$light(on: true).run(.named("")))
        #expect(Office.$open(at: 8).run(.named("")) == 8)
        #expect(Office.$close(at: 8).run(.named("")) == 8)
        #expect(await Desk.$tidy(x: 1).run(.named("")) == 1)
        #expect(await Window.$show(x: 1).run(.named("")) == 1)
        #expect(Window.$hide(x: 1).run(.named("")) == 1)
    }

    @Test func aLocalTypesStaticFunction() {
        enum Local {
            @RelierTask
            static func double(x: Int) -> Int { x * 2 }
        }
        #expect(Local.$double(x: 2).run(.named("")) == 4)
        #expect(Local.$double.name == "Local.double")
    }

    @Test func theFunctionStaysAPlainFunction() async throws {
        #expect(try await asyncThrowingValue(left: 1, right: 2) == Sum(value: 3))
        #expect(try await withEverything(id: "a", context: .named("x")) == 1)
    }

    @Test func migrationsAreOptions() throws {
        #expect($migrated.options.version == 3)
        #expect($migrated.options.migrations.map { $0.from } == [1, 2])
    }

    @Test func aWorkerAcceptsThem() throws {
        _ = try TaskRegistry(
            hidden + [
                $asyncNothing.self, $defaults.self, $keywords.self, $run.self, $withEverything.self, $dictionaries.self,
                Warehouse.$count.self, $migrated.self,
            ])
    }
}
