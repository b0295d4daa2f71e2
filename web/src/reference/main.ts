import { mount } from 'svelte';
import '../app.css';
import Reference from './Reference.svelte';

mount(Reference, { target: document.body });
