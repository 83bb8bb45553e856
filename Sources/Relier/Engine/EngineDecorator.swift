/// An engine that passes its calls on to another, for whoever needs to know which engine carries them out.
package protocol EngineDecorator: Engine {
    var decorated: any Engine { get }
    /// These tasks were accepted in a transaction of the user's, which did not pass through here.
    func noteAccepted(_ tasks: [NewTask])
}

extension Engine {
    /// This engine, or the one that it passes its calls on to, if that is of this type.
    package func underlying<Kind: Engine>(_ type: Kind.Type) -> Kind? {
        var engine: any Engine = self
        while true {
            if let found = engine as? Kind { return found }
            guard let decorator = engine as? any EngineDecorator else { return nil }
            engine = decorator.decorated
        }
    }
}
