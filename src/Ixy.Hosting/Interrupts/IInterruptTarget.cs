namespace Ixy.Hosting.Interrupts;

/// <summary>Where a device's interrupts go: the host it is plugged into.</summary>
internal interface IInterruptTarget
{
    /// <summary>An MSI or MSI-X message was sent for <paramref name="vector"/>.</summary>
    void Message(int vector);

    /// <summary>The INTx line changed.</summary>
    void Line(bool asserted);
}
