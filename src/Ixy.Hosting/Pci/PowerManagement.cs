namespace Ixy.Hosting.Pci;

/// <summary>
/// The power management capability (PCI Power Management 1.2; 82599 datasheet 9.3.6): D0 and D3hot. The function sends
/// no PME, like a part whose EEPROM has wake-up disabled.
/// </summary>
public sealed class PowerManagement
{
    private const byte Id = 0x01;
    private const uint StateMask = 3, NoSoftReset = 1 << 3, DataSelect = 0xF << 9;
    private const uint DataScaleTenthWatt = 1 << 13;

    // Device-specific initialisation, version 3; no PME, no auxiliary power.
    private const uint Capabilities = 1 << 5 | 3;

    private readonly ConfigurationSpace _config;
    private readonly int _control;
    private readonly bool _keepsContext;

    /// <param name="config">The configuration space to add it to.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="keepsContext">Returning from D3hot resets nothing (No_Soft_Reset).</param>
    public PowerManagement(ConfigurationSpace config, int offset, bool keepsContext)
    {
        (_config, _control, _keepsContext) = (config, offset + 4, keepsContext);
        config.AddCapability(Id, offset);
        config.Define(offset + 2, 2, Capabilities);
        config.Define(_control, 2, DataScaleTenthWatt | (keepsContext ? NoSoftReset : 0),
            writable: StateMask | DataSelect);
        config.OnWrite(_control, 2, ChangeState);
    }

    /// <summary>
    /// The function sleeps: it does no DMA, sends no interrupts, and answers only in configuration space.
    /// </summary>
    public bool IsSleeping { get; private set; }

    /// <summary>The state changed; true if the function returned from D3hot and must be reinitialized.</summary>
    public Action<bool>? Changed { get; set; }

    /// <summary>Back in D0.</summary>
    public void Reset() => IsSleeping = false;

    private void ChangeState()
    {
        uint control = _config.Get(_control, 2), state = control & StateMask;
        // D1 and D2 do not exist here; writing either is ignored (9.3.6.3).
        if (state is 1 or 2) _config.Set(_control, 2, control & ~StateMask | (IsSleeping ? StateMask : 0));
        else if (IsSleeping != (state == StateMask))
        {
            IsSleeping = state == StateMask;
            Changed?.Invoke(!IsSleeping && !_keepsContext);
        }
    }
}
