using Ixy.Hosting.Pci;
using Ixy.Simulation.Virtio.Rings;

namespace Ixy.Simulation.Virtio;

/// <summary>
/// How the device gets the driver's attention: with MSI-X through the vector of a queue or of the configuration,
/// otherwise through the line, with the cause in the ISR status (virtio 1.2, 4.1.5.3 and 4.1.5.4).
/// </summary>
internal sealed class VirtioInterrupts
{
    internal const uint QueueCause = 1, ConfigurationCause = 2;

    private const long LongestDelay = 40_000;

    private readonly VirtioCard _card;
    private readonly PciInterrupts _pci;
    private readonly bool[] _waiting;
    private readonly List<(long At, ushort Vector, uint Cause)> _late = [];
    private uint _cause;
    private bool _anyWaiting;

    internal VirtioInterrupts(VirtioCard card, PciInterrupts pci, int vectors)
    {
        (_card, _pci, _waiting) = (card, pci, new bool[vectors]);
        pci.Changed = SendWaiting;
    }

    /// <summary>The vector for configuration changes.</summary>
    internal ushort ConfigurationVector { get; set; } = DeviceVirtqueue.None;

    /// <summary>MSI-X is on; a legacy device then has two more registers (4.1.4.10).</summary>
    internal bool HasVectors => _pci.Mode == InterruptMode.Msix;

    /// <summary>The vector if it exists, otherwise "no vector".</summary>
    internal ushort Checked(uint vector) => vector < _waiting.Length ? (ushort)vector : DeviceVirtqueue.None;

    /// <summary>Buffers of a queue were used.</summary>
    internal void RaiseQueue(ushort vector) => Raise(vector, QueueCause);

    /// <summary>The configuration changed, or the device needs a reset.</summary>
    internal void RaiseConfiguration() => Raise(ConfigurationVector, ConfigurationCause);

    /// <summary>Reading the cause clears it, and releases the line (4.1.4.5).</summary>
    internal uint ReadCause()
    {
        uint cause = _cause;
        _cause = 0;
        _pci.SetLine(false);
        return cause;
    }

    /// <summary>Sends interrupts whose delay is over.</summary>
    internal void Poll(long now)
    {
        for (int index = 0; index < _late.Count; index++)
        {
            var (at, vector, cause) = _late[index];
            if (now < at) continue;
            _late.RemoveAt(index--);
            Send(vector, cause);
        }
    }

    internal void Reset()
    {
        _late.Clear();
        ConfigurationVector = DeviceVirtqueue.None;
        _cause = 0;
        _pci.SetLine(false);
        for (int vector = 0; vector < _waiting.Length; vector++)
        {
            if (_waiting[vector]) _pci.Withdraw(vector);
        }
        Array.Clear(_waiting);
        _anyWaiting = false;
    }

    // The specification does not say how long it takes.
    private void Raise(ushort vector, uint cause)
    {
        long delay = _card.Behaviour.Time(0, LongestDelay);
        if (delay == 0) Send(vector, cause);
        else if (!_late.Exists(late => late.Vector == vector && late.Cause == cause))
            _late.Add((_card.Now + delay, vector, cause));
    }

    private void Send(ushort vector, uint cause)
    {
        if (!HasVectors)
        {
            _cause |= cause;
            _pci.SetLine(true);
        }
        else if (vector != DeviceVirtqueue.None && !_pci.TrySend(vector))
        {
            _waiting[vector] = _anyWaiting = true;
        }
    }

    private void SendWaiting()
    {
        if (!_anyWaiting || !HasVectors) return;
        _anyWaiting = false;
        for (int vector = 0; vector < _waiting.Length; vector++)
        {
            if (_waiting[vector]) _anyWaiting |= _waiting[vector] = !_pci.TrySend(vector);
        }
    }
}
