namespace Ixy.Hosting.Pci;

/// <summary>
/// The MSI capability: one message, 64-bit address, maskable (PCI 3.0, 6.8.1; 82599 datasheet 9.3.7).
/// </summary>
public sealed class MsiCapability
{
    private const byte Id = 0x05;
    private const uint Enable = 1, MultipleMessageEnable = 7 << 4, Wide = 1 << 7, Maskable = 1 << 8;
    private readonly ConfigurationSpace _config;
    private readonly int _control, _mask, _pending;

    /// <summary>Adds the capability, which takes 24 bytes.</summary>
    /// <param name="config">The configuration space to add it to.</param>
    /// <param name="offset">Its first byte.</param>
    public MsiCapability(ConfigurationSpace config, int offset)
    {
        (_config, _control, _mask, _pending) = (config, offset + 2, offset + 0x10, offset + 0x14);
        config.AddCapability(Id, offset);
        config.Define(_control, 2, Wide | Maskable, writable: Enable | MultipleMessageEnable);
        config.Define(offset + 0x04, 4, 0, writable: ~3u);
        config.Define(offset + 0x08, 4, 0, writable: uint.MaxValue);
        config.Define(offset + 0x0C, 2, 0, writable: 0xFFFF);
        config.Define(_mask, 4, 0, writable: 1);
        config.Define(_pending, 4, 0);
        config.OnWrite(_control, 2, () => Changed?.Invoke());
        config.OnWrite(_mask, 4, () => Changed?.Invoke());
    }

    /// <summary>Software has enabled messages.</summary>
    public bool IsEnabled => _config.IsSet(_control, 2, Enable);

    /// <summary>Messages are masked.</summary>
    public bool IsMasked => _config.IsSet(_mask, 4, 1);

    /// <summary>
    /// Enables or disables messages, as software does with the enable bit; for a host that acts on software's behalf.
    /// </summary>
    internal void SetEnabled(bool on)
    {
        if (IsEnabled == on) return;
        _config.SetBits(_control, 2, Enable, on);
        Changed?.Invoke();
    }

    /// <summary>Sets or clears the mask bit, on software's behalf.</summary>
    internal void SetMask(bool masked)
    {
        _config.SetBits(_mask, 4, 1, masked);
        Changed?.Invoke();
    }

    /// <summary>A message waits for the mask bit to be cleared.</summary>
    internal bool IsPending
    {
        set => _config.SetBits(_pending, 4, 1, value);
    }

    /// <summary>Software wrote to the enable or mask bit.</summary>
    internal Action? Changed { get; set; }
}
