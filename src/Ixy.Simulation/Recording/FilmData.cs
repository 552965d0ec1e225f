using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ixy.Simulation.Recording;

/// <summary>
/// A recording in the form that the page's script takes: one JSON object with tables, and events that refer to their
/// rows. An event is an array: nanoseconds since the previous event, card, a letter for its kind, and the data of that
/// kind (film.js has the list). Words of 64 bits are in hexadecimal, because a script's numbers have 53 bits.
/// </summary>
internal sealed class FilmData
{
    private readonly Utf8JsonWriter _json;
    private readonly Dictionary<string, int> _registers = [];
    private readonly List<NamedRegister> _registerRows = [];
    private readonly Dictionary<IReadOnlyList<BitField>, int> _fieldSets = [];
    private long _before;

    private FilmData(Utf8JsonWriter json) => _json = json;

    /// <summary>The object, safe to use in a script element.</summary>
    internal static string Of(Recorder recorder, string title)
    {
        using var stream = new MemoryStream();
        // The default encoder escapes < and >, so no text can end the element.
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.Default }))
            new FilmData(json).Write(recorder, title);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private void Write(Recorder recorder, string title)
    {
        var events = recorder.Events;
        _json.WriteStartObject();
        _json.WriteString("title", title);
        _json.WriteNumber("leftOut", recorder.LeftOut);
        Array("cards", recorder.Cards, _json.WriteStringValue);
        Array("rings", recorder.Rings, WriteRing);
        Array("frames", recorder.Frames, WriteFrame);
        Array("sites", recorder.Sites.OrderBy(site => site.Id), WriteSite);
        Array("layouts", DescriptorLayout.All, WriteLayout);
        Array("events", events, Write);
        // Collected while the events were written.
        Array("registers", _registerRows, WriteRegister);
        Array("fieldSets", _fieldSets.OrderBy(set => set.Value).Select(set => set.Key), WriteFields);
        _json.WriteEndObject();
    }

    private void Write(RecordedEvent happened)
    {
        _json.WriteStartArray();
        Numbers(happened.Time - _before, happened.Card);
        _before = happened.Time;
        switch (happened)
        {
            case ConfigAccess access:
                Kind(access.IsWrite ? "C" : "c");
                _json.WriteStringValue(access.Name);
                Numbers(access.Offset, access.Value, access.Size);
                WriteSite(access);
                break;
            case BarAccess access:
                Kind(access.IsWrite ? "w" : "r");
                Numbers(RowOf(access.Register), access.Value, access.Size);
                WriteSite(access);
                break;
            case MappingChange change:
                Kind(change.IsMapped ? "m" : "u");
                Words(change.Address, change.Length);
                break;
            case RingStart start:
                Kind("S");
                Numbers(start.Ring.Id, start.Head);
                break;
            case RingStop stop:
                Kind("s");
                Numbers(stop.Ring.Id);
                break;
            case TailMove move:
                Kind("t");
                Numbers(move.Ring.Id, move.From, move.To, move.Count);
                break;
            case DescriptorRead read:
                Kind("f");
                Numbers(read.Ring.Id, read.Index, DescriptorLayout.All.IndexOf(read.Layout));
                Words(read.Low, read.High);
                Numbers(read.Slots);
                foreach (var buffer in read.Buffers)
                {
                    Words(buffer.Address);
                    Numbers(buffer.Length, buffer.IsWritable ? 1 : 0);
                }
                break;
            case DescriptorWrite write:
                Kind("b");
                Numbers(write.Ring.Id, write.Index, DescriptorLayout.All.IndexOf(write.Layout));
                Words(write.Low, write.High);
                Numbers(write.Taken);
                break;
            case DataAccess access:
                Kind(access.IsWrite ? "D" : "d");
                Words(access.Address);
                Numbers(access.Length);
                _json.WriteStringValue(access.Purpose);
                break;
            case FramePassed passed:
                Kind(passed.IsSent ? "o" : "i");
                Numbers(passed.Frame.Id);
                if (passed.Errors.Length > 0) _json.WriteStringValue(passed.Errors);
                break;
            case InterruptRaised raised:
                Kind("x");
                Numbers((int)raised.Kind, raised.Vector);
                break;
            case LinkChange change:
                Kind("l");
                Numbers(change.IsUp ? 1 : 0, change.Mbps);
                break;
            case BrokenRule { Violation: var broken } rule:
                Kind("v");
                foreach (string text in (string[])[broken.Rule, broken.Register, $"{broken.Value:x}", broken.Section,
                    broken.Explanation]) _json.WriteStringValue(text);
                WriteSite(rule);
                break;
            case BufferShared shared:
                Kind("n");
                Numbers(shared.Ring.Id, shared.Index, shared.Other.Id, shared.OtherIndex);
                Words(shared.Address);
                break;
            default:
                Kind("z");
                break;
        }
        _json.WriteEndArray();
    }

    private int RowOf(NamedRegister register)
    {
        if (!_fieldSets.TryGetValue(register.Fields, out int fields))
            _fieldSets.Add(register.Fields, fields = _fieldSets.Count);
        string key = $"{register.Name} {fields}";
        if (_registers.TryGetValue(key, out int row)) return row;
        _registers.Add(key, row = _registerRows.Count);
        _registerRows.Add(register);
        return row;
    }

    private void WriteRegister(NamedRegister register)
    {
        _json.WriteStartArray();
        foreach (string text in (string[])[register.Name, register.Meaning, register.Section,
            register.Register?.Access.ToString() ?? ""]) _json.WriteStringValue(text);
        Numbers(_fieldSets[register.Fields]);
        _json.WriteEndArray();
    }

    private void WriteRing(RecordedRing ring)
    {
        _json.WriteStartArray();
        Numbers(ring.Card, (int)ring.Kind, ring.Number);
        Words(ring.Address);
        Numbers(ring.Count);
        _json.WriteStringValue(ring.Name);
        _json.WriteEndArray();
    }

    private void WriteFrame(RecordedFrame frame)
    {
        _json.WriteStartArray();
        Numbers(frame.Length);
        // Without the + and / that the encoder would escape.
        _json.WriteStringValue(System.Buffers.Text.Base64Url.EncodeToString(frame.Bytes));
        _json.WriteEndArray();
    }

    private void WriteSite(CallSite site)
    {
        _json.WriteStartArray();
        _json.WriteStringValue(site.Method);
        _json.WriteStringValue(site.File);
        Numbers(site.Line);
        _json.WriteStringValue(site.Text);
        foreach (string caller in site.Callers) _json.WriteStringValue(caller);
        _json.WriteEndArray();
    }

    private void WriteSite(RecordedEvent happened)
    {
        if (happened.Site is { } site) Numbers(site.Id);
    }

    private void WriteLayout(DescriptorLayout layout)
    {
        _json.WriteStartArray();
        _json.WriteStringValue(layout.Name);
        _json.WriteStringValue(layout.Section);
        WriteFields(layout.LowFields);
        WriteFields(layout.HighFields);
        _json.WriteEndArray();
    }

    private void WriteFields(IReadOnlyList<BitField> fields)
    {
        _json.WriteStartArray();
        foreach (var part in fields)
        {
            _json.WriteStartArray();
            _json.WriteStringValue(part.Name);
            Numbers(part.Shift, part.Width);
            _json.WriteEndArray();
        }
        _json.WriteEndArray();
    }

    private void Array<T>(string name, IEnumerable<T> items, Action<T> write)
    {
        _json.WriteStartArray(name);
        foreach (var item in items) write(item);
        _json.WriteEndArray();
    }

    private void Kind(string letter) => _json.WriteStringValue(letter);

    private void Numbers(params ReadOnlySpan<long> numbers)
    {
        foreach (long number in numbers) _json.WriteNumberValue(number);
    }

    private void Words(params ReadOnlySpan<ulong> words)
    {
        foreach (ulong word in words) _json.WriteStringValue($"{word:x}");
    }
}
